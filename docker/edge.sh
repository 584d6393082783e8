#!/bin/sh
# Runs nginx, and beside it marks whether the publisher has been silent for five minutes. It writes the
# heartbeat every second; who is alive to notice that it stopped must be neither it nor the application.
set -eu
published=/var/lib/statuspage/published
mark=/tmp/silent

watch() {
  while :; do
    if [ -n "$(find "$published/heartbeat.json" -mmin -5 2>/dev/null)" ]; then
      rm -f "$mark"
    else
      : >"$mark"
    fi
    sleep 5
  done
}

watch &
exec nginx -c /etc/nginx/nginx.conf -g "daemon off;"
