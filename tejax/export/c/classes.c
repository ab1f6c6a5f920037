
const char *${name}_class(unsigned number)
{
    static const char *const names[$outputs] = {
$names
    };
    return names[number];
}
