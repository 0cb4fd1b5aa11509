// In pages that agents show: load again when one of their files has changed. Sandboxed, with no rights of our pages.
(() => {
  const address = new URL('/__openclaw__/ws', document.currentScript.src);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  let wait = 1000;
  const open = () => {
    const socket = new WebSocket(address);
    socket.onopen = () => { wait = 1000; };
    socket.onmessage = ({ data }) => { if (data === 'reload') location.reload(); };
    socket.onclose = () => {
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 30000);
    };
  };
  open();
})();
