#!/bin/sh
# The checks of the guides, against a service that runs. Prints one line for each; curl-checks.txt is what a good one says.
#
#   URL=http://localhost:3000 METRICS_TOKEN=... WHATSAPP_APP_SECRET=... WA_VERIFY_TOKEN=... sh curl-checks.sh
set -eu

: "${URL:?}" "${METRICS_TOKEN:?}" "${WHATSAPP_APP_SECRET:?}" "${WA_VERIFY_TOKEN:?}"
send=${EASYMO_PERF:-npx easymo-perf}
id="wamid.check.$(date +%s).$$"

status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
metrics() { curl -s -H "Authorization: Bearer $METRICS_TOKEN" "$@"; }
# The parts of the text that match, each once.
parts() { grep -Eo "$1" | sort -u | tr '\n' ' ' | sed 's/ $//'; }
deliver() { $send send --url "$URL/webhook" --json "$@" | sed -E 's/.*"status":([0-9]+).*"body":"(.*)"\}$/\1 \2/; s/\\"/"/g'; }

echo "health:            $(status "$URL/health") $(curl -s "$URL/health" | parts '"(status|service|version|warmedUp|timestamp|domains|checks|performance|database|jobWorker|errorRate|avgLatencyMs|cacheHitRate|uptime)":')"
echo "health, live:      $(status "$URL/health/live")"
echo "handshake:         $(curl -s "$URL/webhook?hub.mode=subscribe&hub.verify_token=$WA_VERIFY_TOKEN&hub.challenge=42")"
echo "handshake, wrong:  $(status "$URL/webhook?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=42")"
echo "no signature:      $(status -X POST -d '{}' "$URL/webhook")"
echo "wrong signature:   $(WHATSAPP_APP_SECRET=wrong deliver || true)"
echo "first delivery:    $(deliver --id "$id")"
echo "second delivery:   $(deliver --id "$id")"
echo "metrics, closed:   $(status "$URL/metrics")"
echo "metrics:           $(metrics "$URL/metrics" | parts '"(timestamp|uptime|metrics|counters|histograms|http_request_duration_ms|cache|profile|state|config|location|clientPool|handlers|deduplication|memory)":')"
echo "metrics, requests: $(metrics "$URL/metrics" | parts 'http_requests_total\{service=\\"[a-z-]+\\",status=\\"[0-9]+\\"\}')"
echo "metrics, text:     $(metrics "$URL/metrics?format=prometheus" | parts '^(http_requests_total|handler_calls_total|cache_hits_total|pool_clients|cold_starts_total|process_uptime_seconds)\{service="[a-z-]+"')"
