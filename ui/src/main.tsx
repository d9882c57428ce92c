import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { connect } from './ipc';
import './styles/index.css';

const root = document.getElementById('root');
if (!root) throw new Error('BUG: the page has no root');
await connect();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
