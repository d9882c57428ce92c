import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { connect } from './ipc';
import { setLanguage } from './shared/i18n';
import './styles/index.css';

const root = document.getElementById('root');
if (!root) throw new Error('BUG: the page has no root');
// What is said before the settings could be read, and when they cannot be.
setLanguage('system');
await connect();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
