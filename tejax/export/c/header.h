/* $about */
#ifndef ${name}_TEJAX_H
#define ${name}_TEJAX_H

#include <stdint.h>

#define ${NAME}_INPUTS $inputs
#define ${NAME}_OUTPUTS $outputs
${sizes}
#ifdef __cplusplus
extern "C" {
#endif
$declarations
#ifdef __cplusplus
}
#endif

#endif
