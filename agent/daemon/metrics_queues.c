#include "daemon/metrics_queues.h"

#include "daemon/metrics_text.h"

static const char name[] = "redkeep_queue_jobs";

static void
write_queue(const json_t *queue, struct evbuffer *out)
{
    json_t *states = json_object_get(queue, "states"), *jobs;
    const char *state;

    json_object_foreach(states, state, jobs)
    {
        const char *const labels[] = {
            "system", json_string_value(json_object_get(queue, "system")),
            "queue",  json_string_value(json_object_get(queue, "queue")),
            "state",  state,
            NULL,
        };

        metrics_text_sample(out, name, labels, json_number_value(jobs));
    }
}

void
metrics_queues_write(const struct queue_watch_view *queues,
                     struct evbuffer *out)
{
    const json_t *queue;
    size_t i;

    if (json_array_size(queues->list) > 0)
        metrics_text_family(out, name, "Jobs in a queue, by their state.");
    json_array_foreach(queues->list, i, queue) write_queue(queue, out);
}
