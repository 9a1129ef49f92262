// vis.h warns unless told which of two argument orders strnvis() has; we call strnvisx() only.
#define LIBBSD_OPENBSD_VIS 1
#include <bsd/libutil.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <bsd/unistd.h>
#include <bsd/vis.h>
