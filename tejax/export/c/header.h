/* $about */
#ifndef ${name}_TEJAX_H
#define ${name}_TEJAX_H

#include <stdint.h>

${sizes}
#ifdef __cplusplus
extern "C" {
#endif
$declarations
#ifdef __cplusplus
}
#endif

#endif
