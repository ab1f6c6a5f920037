
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
