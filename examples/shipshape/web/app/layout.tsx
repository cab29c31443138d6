import type { Metadata } from "next";
import Link from "next/link";
import type { ReactNode } from "react";

export const metadata: Metadata = { title: "Harbour", description: "Berths for visiting boats" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Berths</Link> <Link href="/book">Book</Link>
        </nav>
        <main>{children}</main>
      </body>
    </html>
  );
}
