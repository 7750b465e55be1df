// The module of module.ts: plain JavaScript, because the job's node loads it as it is.
const DAYS_ILL = 10;

function nextDay({ healthy, ill, immune }, contactsPerDay) {
  const infected = (contactsPerDay * healthy * ill) / (healthy + ill + immune);
  const recovered = ill / DAYS_ILL;
  return { healthy: healthy - infected, ill: ill + infected - recovered, immune: immune + recovered };
}

/** The day on which most people are ill. */
export function peakOfEpidemic(contactsPerDay, population) {
  let today = { healthy: population - 1, ill: 1, immune: 0 };
  for (let day = 0; ; day++) {
    const tomorrow = nextDay(today, contactsPerDay);
    if (tomorrow.ill < today.ill) return { day, ill: Math.round(today.ill) };
    today = tomorrow;
  }
}
