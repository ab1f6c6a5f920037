
static double ${name}_trits_limit(unsigned i)
{
    double limit;
#ifdef __AVR__
    memcpy_P(&limit, ${name}_trits_limits + i, sizeof limit);
#else
    limit = ${name}_trits_limits[i];
#endif
    return limit;
}

void ${name}_encode(const double values[$features], int8_t x[$inputs])
{
    unsigned level, i;
    for (level = 0; level < $levels; level++)
        for (i = 0; i < $features; i++)
            *x++ = (int8_t)($trit);
}
