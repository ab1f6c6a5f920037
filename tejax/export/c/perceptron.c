
void ${name}(const int8_t x[$inputs], int32_t y[$outputs])
{
$steps
}
