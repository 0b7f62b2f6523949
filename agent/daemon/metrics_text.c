#include "daemon/metrics_text.h"

#include <event2/buffer.h>
#include <math.h>

#include "base/text.h"

void
metrics_text_family(struct evbuffer *out, const char *name, const char *help)
{
    evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                        text_has_suffix(name, "_total") ? "counter" : "gauge");
}

/* Backslash, quote and line end are escaped; what is no UTF-8 is not ours. */
static void
add_label(struct evbuffer *out, const char *name, const char *value)
{
    evbuffer_add_printf(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            evbuffer_add(out, "\\n", 2);
        else if (*value == '\\' || *value == '"')
            evbuffer_add_printf(out, "\\%c", *value);
        else
            evbuffer_add(out, value, 1);
    }
    evbuffer_add(out, "\"", 1);
}

void
metrics_text_sample(struct evbuffer *out, const char *name,
                    const char *const *labels, double value)
{
    evbuffer_add_printf(out, "%s", name);
    for (size_t i = 0; labels != NULL && labels[i] != NULL; i += 2) {
        evbuffer_add(out, i == 0 ? "{" : ",", 1);
        add_label(out, labels[i], labels[i + 1]);
    }
    if (labels != NULL && labels[0] != NULL)
        evbuffer_add(out, "}", 1);
    if (value == floor(value) && fabs(value) < 1e15)
        evbuffer_add_printf(out, " %.0f\n", value);
    else
        evbuffer_add_printf(out, " %.15g\n", value);
}

void
metrics_text_single(struct evbuffer *out, const char *name, double value,
                    const char *help)
{
    if (isnan(value))
        return;
    metrics_text_family(out, name, help);
    metrics_text_sample(out, name, NULL, value);
}
