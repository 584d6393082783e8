#!/bin/sh
# Runs nginx, and beside it notices when the publisher has been silent for five minutes, or is back. It writes
# its heartbeat every second; who is alive to see that it stopped must be neither it nor the application.
set -eu
published=/var/lib/statuspage/published
note=/tmp/silent.conf
configuration=/etc/nginx/nginx.conf

is_silent() {
  [ -z "$(find "$published/heartbeat.json" -mmin -5 2>/dev/null)" ]
}

watch() {
  told=no
  while :; do
    if is_silent; then silent=yes; else silent=no; fi
    if [ "$silent" != "$told" ]; then
      if [ "$silent" = yes ]; then echo "set \$tree stale;" >"$note"; else rm -f "$note"; fi
      # Fails while nginx is still starting: then it is tried again.
      if nginx -e /dev/stderr -c "$configuration" -s reload; then told=$silent; fi
    fi
    sleep 2
  done
}

rm -f "$note"
watch &
exec nginx -e /dev/stderr -c "$configuration" -g "daemon off;"
