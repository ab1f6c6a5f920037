
void ${name}_reset(${name}_state *state)
{
    unsigned i;
    for (i = 0; i < $kept; i++)
        state->trits[i] = 0;
}

void ${name}_step(${name}_state *state, const int8_t x[$inputs], int32_t y[$outputs])
{
    uint32_t seen[$seen]; /* the inputs, then the state */
    uint32_t tick;
    unsigned i;
    ${name}_trits_pack(x, $inputs, seen);
    for (tick = 0; tick < ${ticks}u; tick++) {
        for (i = 0; i < $kept; i++)
            seen[$start + i] = state->trits[i];
        ${name}_trits_hidden(seen, $words, ${name}_trits_w0, ${name}_trits_b0, $neurons, $zone, state->trits);
$gate    }
    ${name}_trits_output(state->trits, $state_words, ${name}_trits_w$last, ${name}_trits_b$last, $outputs, y);
}
