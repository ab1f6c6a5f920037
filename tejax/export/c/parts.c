
/* The parts of whole numbers, a row for each bit. */
static void ${name}_trits_split(const int8_t *x, unsigned numbers, unsigned bits, uint32_t *parts)
{
    unsigned bit, i;
    for (bit = 0; bit < bits; bit++, parts += 2 * ((numbers - 1) / 32 + 1))
        for (i = 0; i < numbers; i++)
            ${name}_trits_put(parts, i, ${name}_trits_part(x[i], bit), 0);
}
