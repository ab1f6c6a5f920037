
/* A neuron whose gate is shut, its sum at most 0, keeps the trit that it had. */
static void ${name}_trits_gate(const uint32_t *x, unsigned words, const uint32_t *w, const $bias *b, unsigned neurons,
    const uint32_t *kept, uint32_t *row)
{
    unsigned i;
    for (i = 0; i < neurons; i++, w += 2 * words)
        if (${name}_trits_sum(x, words, w, b + i) <= 0) {
            uint32_t bit = (uint32_t)1 << (i % 32);
            unsigned pair = i / 32 * 2;
            row[pair] = (row[pair] & ~bit) | (kept[pair] & bit);
            row[pair + 1] = (row[pair + 1] & ~bit) | (kept[pair + 1] & bit);
        }
}
