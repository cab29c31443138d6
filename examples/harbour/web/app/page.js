"use client";

import { useEffect, useState } from "react";
import { berths, book } from "../lib/api";

export default function Page() {
  const [all, setAll] = useState([]);
  const [message, setMessage] = useState("");

  useEffect(() => {
    berths().then(setAll, () => setMessage("The harbour office does not answer."));
  }, []);

  async function submit(event) {
    event.preventDefault();
    const response = await book(Object.fromEntries(new FormData(event.currentTarget)));
    setMessage(response.ok ? "Booked." : "That did not work.");
  }

  return (
    <main>
      <h1>Book a berth</h1>
      <form onSubmit={submit}>
        <select name="berth" required>
          {all.map(berth => (
            <option key={berth.id} value={berth.id}>
              {berth.name}
            </option>
          ))}
        </select>
        <input name="boat" placeholder="Boat" required />
        <input name="email" type="email" placeholder="E-mail" required />
        <input name="arrival" type="date" required />
        <input name="departure" type="date" required />
        <button type="submit">Book</button>
      </form>
      <p>{message}</p>
    </main>
  );
}
