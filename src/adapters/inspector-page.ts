/**
 * The page that the inspector's relay serves. The picture is drawn by https://stately.ai/inspect in
 * a frame, which needs the internet; the list of messages below it does not.
 */
export const inspectorPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Fillwright inspector</title>
<style>
  body { margin: 0; font: 14px/1.4 system-ui, sans-serif; display: grid; height: 100vh; grid-template-rows: auto 3fr 2fr; }
  header { padding: 6px 12px; background: #111; color: #eee; }
  iframe { width: 100%; height: 100%; border: 0; }
  ol { margin: 0; padding: 8px 12px; overflow: auto; list-style: none; font: 12px/1.5 ui-monospace, monospace; background: #fafafa; }
</style>
</head>
<body>
<header>Fillwright inspector: <span id="state">connecting</span></header>
<iframe id="frame" src="https://stately.ai/inspect" title="Stately inspector"></iframe>
<ol id="list"></ol>
<script>
  const frame = document.getElementById('frame');
  const list = document.getElementById('list');
  const state = document.getElementById('state');
  const early = [];
  let isReady = false;
  let count = 0;
  addEventListener('message', (message) => {
    if (message.origin !== 'https://stately.ai' || message.data?.type !== '@statelyai.connected') return;
    isReady = true;
    for (const event of early.splice(0)) frame.contentWindow.postMessage(event, 'https://stately.ai');
  });
  const socket = new WebSocket('ws://' + location.host);
  socket.onclose = () => { state.textContent = 'the engine has stopped'; };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (isReady) frame.contentWindow.postMessage(event, 'https://stately.ai');
    else if (early.push(event) > 2000) early.shift();
    count += 1;
    state.textContent = count + ' messages';
    const line = document.createElement('li');
    const what = event.type === '@xstate.snapshot' ? JSON.stringify(event.snapshot?.value) : event.event?.type ?? event.name;
    line.textContent = event.type.slice(8) + '  ' + event.sessionId + '  ' + what;
    list.prepend(line);
    if (list.childElementCount > 300) list.lastElementChild.remove();
  };
</script>
</body>
</html>
`;
