
static void ${name}_trits_output(const uint32_t *x, unsigned words, const uint32_t *w, const $bias *b, unsigned neurons,
    int32_t *y)
{
    for (; neurons > 0; neurons--, w += 2 * words)
        *y++ = ${name}_trits_sum(x, words, w, b++);
}
