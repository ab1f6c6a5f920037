/* $about */
#include "$header"

/* Constants lie in program memory: an AVR would copy them to RAM, and reads them from flash by instructions of their
   own. */
#ifdef __AVR__
$limit#include <avr/pgmspace.h>
#define ${NAME}_FLASH PROGMEM
#else
#define ${NAME}_FLASH
#endif

$tables
static uint32_t ${name}_trits_word(const uint32_t *p)
{
#ifdef __AVR__
    return pgm_read_dword(p);
#else
    return *p;
#endif
}

static int32_t ${name}_trits_bias(const $bias *p)
{
#ifdef __AVR__
    return ($bias)pgm_read_$read(p);
#else
    return *p;
#endif
}

/* How many bits of a word are 1. */
static int32_t ${name}_trits_popcount(uint32_t word)
{
    word -= (word >> 1) & 0x55555555u;
    word = (word & 0x33333333u) + ((word >> 2) & 0x33333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0Fu;
    word += word >> 8;
    word += word >> 16;
    return (int32_t)(word & 63u);
}

/* The product of two rows of trits, each of so many pairs of words (not zero, negative), and a neuron's bias. */
static int32_t ${name}_trits_sum(const uint32_t *x, unsigned words, const uint32_t *w, const $bias *b)
{
    int32_t sum = ${name}_trits_bias(b);
    for (; words > 0; words--, x += 2, w += 2) {
        uint32_t both = x[0] & ${name}_trits_word(w);
        sum += ${name}_trits_popcount(both) - 2 * ${name}_trits_popcount(both & (x[1] ^ ${name}_trits_word(w + 1)));
    }
    return sum;
}

/* Trit i of a row becomes the sign of a sum, or 0 within the dead zone. A row is filled from its first trit on. */
static inline void ${name}_trits_put(uint32_t *row, unsigned i, int32_t sum, int32_t zone)
{
    uint32_t bit = (uint32_t)1 << (i % 32);
    uint32_t *pair = row + i / 32 * 2;
    if (i % 32 == 0)
        pair[0] = pair[1] = 0;
    if (sum > zone || sum < -zone)
        pair[0] |= bit;
    if (sum < -zone)
        pair[1] |= bit;
}
