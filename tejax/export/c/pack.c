
static void ${name}_trits_pack(const int8_t *x, unsigned trits, uint32_t *row)
{
    unsigned i;
    for (i = 0; i < trits; i++)
        ${name}_trits_put(row, i, x[i], 0);
}
