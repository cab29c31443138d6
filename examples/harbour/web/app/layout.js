export const metadata = { title: "Harbour", description: "Berths for visiting boats" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
