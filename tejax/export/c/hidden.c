
static void ${name}_trits_hidden(const uint32_t *x, unsigned words, const uint32_t *w, const $bias *b, unsigned neurons,
    int32_t zone, uint32_t *row)
{
    unsigned i;
    for (i = 0; i < neurons; i++, w += 2 * words)
        ${name}_trits_put(row, i, ${name}_trits_sum(x, words, w, b + i), zone);
}
