import { brandKey } from '../program/brandKey';

const shared = ['etsy.com', 'sites.google.com'];

test.each([
  ['https://northwind.example', 'northwind.example'],
  ['northwind.example', 'northwind.example'],
  ['http://northwind.example', 'northwind.example'],
  ['HTTPS://WWW.Northwind.Example:8443/shop?a=b#c', 'northwind.example'],
  ['  www.northwind.example/shop  ', 'northwind.example'],
  ['northwind.example:8080/shop', 'northwind.example'],
  ['northwind.example.', 'northwind.example'],
  ['shop.eu.northwind.example', 'northwind.example'],
  ['https://shop.northwind.co.uk', 'northwind.co.uk'],
  ['https://shop.northwind.com.au/', 'northwind.com.au'],
  ['https://bücher.example', 'xn--bcher-kva.example'],
  ['https://www.BÜCHER.example', 'xn--bcher-kva.example'],
  ['https://xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['https://店.公司.cn', 'xn--hxt.xn--55qx5d.cn'],
  ['https://a.myshopify.com', 'a.myshopify.com'],
  ['https://b.myshopify.com/collections/all', 'b.myshopify.com'],
  ['https://www.a.myshopify.com', 'a.myshopify.com'],
  ['https://www.com', 'www.com'],
  ['https://notetsy.com', 'notetsy.com'],
  ['https://google.com', 'google.com'],
])('When a store is at %j, then its brand key is %s', (storeUrl, key) => {
  expect(brandKey(storeUrl, shared)).toEqual({ ok: true, key });
});

test.each([
  'https://etsy.com/shop/northwind',
  'northwind.etsy.com',
  'https://www.ETSY.com',
  'etsy.com.',
  'https://sites.google.com/view/x',
])("When a store is on a shared host (%j), then the brand's own domain is asked for", (storeUrl) => {
  expect(brandKey(storeUrl, shared)).toEqual({
    ok: false,
    message: expect.stringContaining("Enter the brand's own domain.") as string,
  });
});

test.each([
  '',
  '   ',
  'localhost',
  'http://localhost:3000',
  'https://shop.localhost',
  'northwind',
  'com',
  'co.uk',
  'https://myshopify.com',
  'https://www.myshopify.com',
  '127.0.0.1',
  'https://192.168.1.10/shop',
  'https://0x7f.1',
  'http://[::1]:8080/',
  'https://a..example.com',
  'https://northwind.example..',
  'ftp://northwind.example',
  'javascript://northwind.example/%0aalert(1)',
  'mailto:ada@northwind.example',
  'ada@northwind.example',
  'https://etsy.com@northwind.example',
  'https://north wind.example',
  'https://',
])('When the address is %j, then it is refused with a sentence', (storeUrl) => {
  const result = brandKey(storeUrl, shared);
  expect(result).toEqual({ ok: false, message: expect.stringMatching(/^.+Enter .+\.$/) as string });
});
