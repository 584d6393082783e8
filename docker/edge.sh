#!/bin/sh
# Runs nginx, and beside it notices when the publisher has been silent for five minutes, or is back. It writes
# its heartbeat every second; who is alive to see that it stopped must be neither it nor the application.
set -eu
published=/var/lib/statuspage/published
# What nginx serves: the folders of the generation that is shown, and `stale`, which is made here when it is needed.
shown=/tmp/shown
note=/tmp/silent.conf
configuration=/etc/nginx/nginx.conf

is_silent() {
  [ -z "$(find "$published/heartbeat.json" -mmin -5 2>/dev/null)" ]
}

# A copy of each page that states a time, with its notice shown: as the application does (store/stale_notice.py).
tell() {
  rm -rf "$shown/stale"
  cd "$published/current/site" || return 0
  for page in status/index.html status/*/index.html status/history/minutes/index.html \
    [a-z][a-z]/status/index.html [a-z][a-z]/status/*/index.html [a-z][a-z]/status/history/minutes/index.html; do
    if grep -q ' data-silent hidden>' "$page" 2>/dev/null; then
      mkdir -p "$shown/stale/${page%/*}"
      sed 's/ data-silent hidden>/ data-silent>/' "$page" >"$shown/stale/$page"
      gzip -9 <"$shown/stale/$page" >"$shown/stale/$page.gz"
    fi
  done
}

watch() {
  told=no
  while :; do
    if is_silent; then silent=yes; else silent=no; fi
    if [ "$silent" != "$told" ]; then
      if [ "$silent" = yes ]; then (tell) || echo "not every page says that it is old" >&2; echo "set \$tree stale;" >"$note"; else rm -f "$note"; fi
      # Fails while nginx is still starting: then it is tried again.
      if nginx -e /dev/stderr -c "$configuration" -s reload; then told=$silent; fi
    fi
    sleep 2
  done
}

rm -f "$note"
mkdir -p "$shown"
for each in site gone errors; do ln -sfn "$published/current/$each" "$shown/$each"; done
watch &
exec nginx -e /dev/stderr -c "$configuration" -g "daemon off;"
