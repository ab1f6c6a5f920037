
/* A bit of a whole number's magnitude, with its sign. */
static int32_t ${name}_trits_part(int32_t number, unsigned bit)
{
    int32_t one = (number < 0 ? -number : number) >> bit & 1;
    return number < 0 ? -one : one;
}

/* The product of whole numbers, as rows of their parts, and a row of trits, and a neuron's bias. */
static int32_t ${name}_trits_weigh(const uint32_t *parts, unsigned words, unsigned bits, const uint32_t *w,
    const $bias *b)
{
    int32_t bias = ${name}_trits_bias(b), sum = bias;
    unsigned bit;
    for (bit = 0; bit < bits; bit++, parts += 2 * words)
        sum += (${name}_trits_sum(parts, words, w, b) - bias) * ((int32_t)1 << bit);
    return sum;
}
