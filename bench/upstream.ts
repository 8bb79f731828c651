import { createServer } from 'node:http';

/** A provider that reads the whole call and says Success: the same for both sides, and cheap. Prints its port. */
const SUCCESS = Buffer.from(
  '<?xml version="1.0" encoding="utf-8"?><MobileTextConnectResponse xmlns:i="http://www.w3.org/2001/XMLSchema-instance">' +
    '<Status>Success</Status><Description i:nil="true"/></MobileTextConnectResponse>',
);

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/xml; charset=utf-8', 'content-length': SUCCESS.length });
    response.end(SUCCESS);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}/`);
});
