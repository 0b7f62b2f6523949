#include "jobs/doctor.h"

doctor_rule *const doctor_rules_host[] = {NULL};
