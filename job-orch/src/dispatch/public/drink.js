"use strict";

// Orders a drink, and follows it: `?drink=` says what is ordered, `name` what it is called here, `logo` the picture.
const asked = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);
const PAUSE = 1000;
// Ends what is followed.
let following = null;
// Of the bar, if it wants one; and what waits for it.
let token = stored();
let held = null;

function stored() {
  try { return sessionStorage.getItem("token"); } catch { return null; }
}

// As long as the tab is open, and nowhere else. Where a browser keeps nothing, a reload asks again.
function store(given) {
  token = given;
  try { given ? sessionStorage.setItem("token", given) : sessionStorage.removeItem("token"); } catch { /* So be it. */ }
}

const access = () => (token ? { Authorization: `Bearer ${token}` } : {});

// The bar has refused: asks for its token, and goes on then.
function ask(goOn, hadOne = Boolean(token)) {
  part("why").textContent = hadOne ? "That is not the token of this bar." : "This bar serves those who know its token.";
  store(null);
  held = goOn;
  for (const id of ["order", "status", "again"]) part(id).hidden = true;
  part("admission").hidden = false;
  part("token").value = "";
  part("token").focus();
}

function admit(event) {
  event.preventDefault();
  const given = part("token").value.trim();
  // Others cannot be in a header.
  if (!/^[!-~]+$/.test(given)) return ask(held, true);
  store(given);
  part("admission").hidden = true;
  held();
}

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
  if (logo && URL.canParse(logo, location.href) && new URL(logo, location.href).origin === location.origin) {
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

// Says where an order is. Returns whether that was the end of it.
function show(job) {
  switch (job.state) {
    case "Queued":
      say(`${job.position}`, ahead(job.position - 1), 1);
      break;
    case "Offered":
      say("", "Looking for a robot …", 1);
      break;
    case "Assigned":
      say("", "A robot is making your drink.", 2);
      break;
    case "Done":
      say("✓", "Served. Enjoy!", 3);
      return true;
  }
  return false;
}

// Shows the events of an answer as they come. Returns whether the last one was the end.
async function listen(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    const told = events.filter((event) => event.startsWith("data: ")).map((event) => JSON.parse(event.slice(6)));
    if (told.map(show).includes(true)) return true;
  }
}

// By hand: an `EventSource` brings no token. It tries again, unless the server says that there is no such order. The place
// stands until then.
async function follow(id) {
  const { signal } = (following = new AbortController());
  while (!signal.aborted) {
    try {
      const answer = await fetch(`/jobs/${encodeURIComponent(id)}/events`, { headers: access(), signal });
      if (answer.status === 401) return ask(() => follow(id));
      if (answer.status === 404) return say("", "This order is not known here any more.", 0, true);
      if (answer.ok && await listen(answer)) return;
    } catch { /* It is said below. */ }
    if (signal.aborted) return;
    part("status").hidden = false;
    part("news").textContent = "The bar cannot be reached. Trying again …";
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

async function order() {
  part("submit").disabled = true;
  const job = { drink: part("drink").value.trim() };
  if (asked.get("name")) job.name = asked.get("name");
  try {
    const answer = await fetch("/submit-job", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...access() },
      body: JSON.stringify(job),
    });
    if (answer.status === 401) return ask(order);
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
  if (following) following.abort();
  for (const id of ["status", "again"]) part(id).hidden = true;
  part("order").hidden = false;
  part("submit").disabled = false;
  (part("choice").hidden ? part("submit") : part("drink")).focus();
}

dress();
part("order").addEventListener("submit", (event) => { event.preventDefault(); order(); });
part("admission").addEventListener("submit", admit);
part("again").addEventListener("click", again);
if (location.hash.length > 1) {
  say("", "Looking for your order …", 0);
  follow(location.hash.slice(1));
}
