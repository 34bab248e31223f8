"use strict";

// Orders a drink, and follows it: `?drink=` says what is ordered, `name` what it is called here, `logo` the picture.
const asked = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);
let events = null;

function dress() {
  const drink = asked.get("drink");
  if (drink) {
    part("drink").value = drink;
    part("choice").hidden = true;
    part("title").textContent = asked.get("name") || drink;
    document.title = `Order ${asked.get("name") || drink}`;
  }
  // A picture of this server only; the browser is told so too.
  const logo = asked.get("logo");
  if (logo && new URL(logo, location.href).origin === location.origin) {
    part("logo").addEventListener("error", () => { part("logo").src = "/public/glass.svg"; }, { once: true });
    part("logo").src = logo;
  }
}

function say(place, news, step, isTrouble = false) {
  const write = (id, text) => { if (part(id).textContent !== text) part(id).textContent = text; };
  part("order").hidden = true;
  part("status").hidden = false;
  part("status").classList.toggle("trouble", isTrouble);
  write("place", place);
  write("news", news);
  part("place").hidden = place === "";
  [...part("steps").children].forEach((item, number) => item.classList.toggle("reached", number < step));
  const ended = step === 3 || isTrouble;
  if (ended && part("again").hidden) {
    part("again").hidden = false;
    part("again").focus();
  }
}

function ahead(count) {
  if (count === 0) return "You are next in line.";
  return count === 1 ? "One order is before yours." : `${count} orders are before yours.`;
}

function show(job) {
  switch (job.state) {
    case "Queued":
      return say(`${job.position}`, ahead(job.position - 1), 1);
    case "Offered":
      return say("", "Looking for a robot …", 1);
    case "Assigned":
      return say("", "A robot is making your drink.", 2);
    case "Done":
      events.close();
      return say("✓", "Served. Enjoy!", 3);
  }
}

function follow(id) {
  events = new EventSource(`/jobs/${encodeURIComponent(id)}/events`);
  events.onmessage = (event) => show(JSON.parse(event.data));
  // The browser tries again by itself, unless the server says that there is no such order. The place stands until then.
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) say("", "This order is not known here any more.", 0, true);
    else part("news").textContent = "The bar cannot be reached. Trying again …";
  };
}

async function order(event) {
  event.preventDefault();
  part("submit").disabled = true;
  const job = { drink: part("drink").value.trim() };
  if (asked.get("name")) job.name = asked.get("name");
  try {
    const answer = await fetch("/submit-job", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(job),
    });
    if (!answer.ok) throw new Error(answer.status === 503 ? "The bar is full. Try again in a moment." : "The bar did not take the order.");
    const id = answer.headers.get("Location").split("/").pop();
    // A reload finds the order again.
    history.replaceState(null, "", `#${id}`);
    say("", "Your order was submitted.", 1);
    follow(id);
  } catch (error) {
    say("", error instanceof TypeError ? "The bar cannot be reached." : error.message, 0, true);
  }
}

function again() {
  history.replaceState(null, "", location.pathname + location.search);
  if (events) events.close();
  for (const id of ["status", "again"]) part(id).hidden = true;
  part("order").hidden = false;
  part("submit").disabled = false;
  (part("choice").hidden ? part("submit") : part("drink")).focus();
}

dress();
part("order").addEventListener("submit", order);
part("again").addEventListener("click", again);
if (location.hash.length > 1) {
  say("", "Looking for your order …", 0);
  follow(location.hash.slice(1));
}
