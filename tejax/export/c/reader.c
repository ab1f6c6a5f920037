
/* Trit i of a row of constants. */
static int32_t ${name}_trits_at(const uint32_t *row, unsigned i)
{
    const uint32_t *pair = row + i / 32 * 2;
    int32_t nonzero = (int32_t)(${name}_trits_word(pair) >> (i % 32) & 1);
    return nonzero - 2 * (int32_t)(${name}_trits_word(pair + 1) >> (i % 32) & 1);
}

void ${name}_reset(${name}_state *state)
{
    unsigned i;
    for (i = 0; i < $context; i++)
        state->bytes[i] = 0;
    for (i = 0; i < $neurons; i++)
        state->traces[i] = 0;
}

void ${name}_step(${name}_state *state, uint8_t latest, int32_t y[$outputs])
{
    uint32_t seen[$kept], row[$kept];
    unsigned i, delay;
    for (i = $context - 1; i > 0; i--)
        state->bytes[i] = state->bytes[i - 1];
    state->bytes[0] = latest;
    for (i = 0; i < $neurons; i++)
        ${name}_trits_put(seen, i, state->traces[i], $threshold);
    for (i = 0; i < $neurons; i++) {
        const uint32_t *table = ${name}_trits_w0;
        int32_t heard = 0, sum, trace = state->traces[i];
        for (delay = 0; delay < $context; delay++, table += 256u * $kept)
            heard += ${name}_trits_at(table + $kept * (unsigned)state->bytes[delay], i);
        sum = ${name}_trits_sum(seen, $words, ${name}_trits_w1 + $kept * i, ${name}_trits_b1 + i) + $weight * heard;
        ${name}_trits_put(row, i, sum, 0);
        /* rounded down: C leaves open how a negative number is shifted */
        trace -= trace < 0 ? -1 - ((-1 - trace) >> $fade) : trace >> $fade;
        trace += $step_size * ((sum > 0) - (sum < 0));
        state->traces[i] = (int8_t)(trace > $saturated ? $saturated : trace < -$saturated ? -$saturated : trace);
    }
    ${name}_trits_output(row, $words, ${name}_trits_w2, ${name}_trits_b2, $outputs, y);
}
