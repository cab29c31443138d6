"use client";

import { type FormEvent, useState } from "react";
import type { Berth } from "../../lib/api";

export function BookingForm({ berths }: { berths: Berth[] }) {
  const [message, setMessage] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(event.currentTarget));
    // Same origin: nginx sends /api/ to the API, so no host name is built into the bundle.
    const response = await fetch("/api/bookings/", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => undefined);
    if (response?.status === 201) return setMessage("Booked. A confirmation is on its way.");
    if (response?.status === 409) return setMessage("The berth is taken on these days.");
    setMessage("That did not work. Please check what you entered.");
  }

  return (
    <form onSubmit={submit}>
      <label>
        Berth{" "}
        <select name="berth" required>
          {berths.map(berth => (
            <option key={berth.id} value={berth.id}>
              {berth.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Boat <input name="boat" maxLength={80} required />
      </label>
      <label>
        E-mail <input name="email" type="email" required />
      </label>
      <label>
        Arrival <input name="arrival" type="date" required />
      </label>
      <label>
        Departure <input name="departure" type="date" required />
      </label>
      <button type="submit">Book</button>
      <output>{message}</output>
    </form>
  );
}
