// Serves Binance's bookTicker to rest-poll.bench.ts from a process of its own. Prints its port. Every answer has other prices.
const symbols = Array.from({ length: Number(process.argv[2] ?? 20) }, (_, i) => `SYM${i}USDT`);
let count = 0;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    count++;
    const quotes = symbols.map((symbol, i) => ({
      symbol,
      bidPrice: `${20_000 + count}.${String(10_000_000 + i)}`,
      bidQty: "431.00000000",
      askPrice: `${20_001 + count}.${String(10_000_000 + i)}`,
      askQty: "9.00000000",
    }));
    const isGzip = new URL(request.url).pathname.startsWith("/gzip");
    const body = Buffer.from(JSON.stringify(quotes));
    const headers = { "Content-Type": "application/json", "X-MBX-USED-WEIGHT-1M": "4" };
    if (!isGzip) return new Response(body, { headers });
    return new Response(Bun.gzipSync(body), { headers: { ...headers, "Content-Encoding": "gzip" } });
  },
});
console.log(server.port);
