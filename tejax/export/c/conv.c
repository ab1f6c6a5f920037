
/* Patches of the planes are summed up over windows, and become the trits of as many planes as there are filters. */
static void ${name}_trits_stage(const int8_t *x, unsigned channels, unsigned height, unsigned width, unsigned bits,
    const uint32_t *w, const $bias *b, unsigned filters, int32_t zone, uint32_t *patch, int32_t *sums, int8_t *planes)
{
    const unsigned kernel = $kernel, stride = $stride, pool = $pool, before = $before;
    const unsigned high = ((height - 1) / stride + 1) / pool, wide = ((width - 1) / stride + 1) / pool;
    const unsigned words = (channels * kernel * kernel - 1) / 32 + 1;
    unsigned place, at, o, c, down, right, bit;
    for (place = 0; place < high * wide; place++) {
        for (o = 0; o < filters; o++)
            sums[o] = 0;
        for (at = 0; at < pool * pool; at++) {
            const unsigned top = (place / wide * pool + at / pool) * stride - before;
            const unsigned left = (place % wide * pool + at % pool) * stride - before;
            unsigned i = 0;
            for (c = 0; c < channels; c++)
                for (down = 0; down < kernel; down++)
                    for (right = 0; right < kernel; right++, i++) {
                        /* beyond the upper or left edge the difference wraps, and is large as well */
                        const unsigned row = top + down, column = left + right;
                        const int inside = row < height && column < width;
                        const int8_t number = inside ? x[(c * height + row) * width + column] : 0;
                        for (bit = 0; bit < bits; bit++)
                            ${name}_trits_put(patch + 2 * words * bit, i, ${name}_trits_part(number, bit), 0);
                    }
            for (o = 0; o < filters; o++)
                sums[o] += ${name}_trits_weigh(patch, words, bits, w + 2 * words * o, b + o);
        }
        for (o = 0; o < filters; o++)
            planes[o * high * wide + place] = (int8_t)((sums[o] > zone) - (sums[o] < -zone));
    }
}

void ${name}(const int8_t x[$inputs], int32_t y[$outputs])
{
$steps
}
