
void ${name}_encode(const double values[$features], int8_t x[$inputs])
{
    unsigned level, i;
    for (i = 0; i < $features; i++) {
        int above = 0;
        for (level = 0; level < $levels; level++)
            above += $above;
        x[i] = (int8_t)(above - $half);
    }
}
