// Shows what the push service brings. It keeps nothing and answers no request of a page.
"use strict";
self.addEventListener("push", (event) => {
  const said = event.data.json();
  event.waitUntil(self.registration.showNotification(said.title, {
    body: said.body, tag: said.tag, renotify: true, lang: said.lang, dir: said.dir, icon: "/apple-touch-icon.png",
    data: { url: said.url, manage: said.manage }, actions: [{ action: "manage", title: said.choose }],
  }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, manage } = event.notification.data;
  event.waitUntil(self.clients.openWindow(event.action === "manage" ? manage : url));
});
