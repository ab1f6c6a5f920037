
void ${name}_encode(const double values[$features], int8_t x[$inputs])
{
    unsigned level, i;
    for (level = 0; level < $levels; level++)
        for (i = 0; i < $features; i++)
            *x++ = (int8_t)($trit);
}
