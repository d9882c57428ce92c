import type { failures as english } from './failures.en';

/** What failed or was degraded, by the engine's code. */
export const failures: Record<keyof typeof english, string> = {
  'error.cancelled': 'Angehalten.',
  'error.needs_password':
    'Die Datei ist verschlüsselt.\nEntfernen Sie das Passwort im Ursprungsprogramm und versuchen Sie es erneut.',
  'error.no_text':
    'Alle Seiten sind Bilder: ein Scan ohne Text.\nWenden Sie eine Texterkennung (OCR) an und versuchen Sie es erneut.',
  'error.unsupported':
    'Dieses Format wird nicht gelesen.\nExportieren Sie das Dokument als PDF oder DOCX und fügen Sie dieses hinzu.',
  'error.damaged':
    'Die Datei ist beschädigt.\nÖffnen und speichern Sie sie im Ursprungsprogramm und versuchen Sie es erneut.',
  'error.too_large': 'Die Datei überschreitet die Größengrenze.\nTeilen Sie sie auf.',
  'error.timed_out':
    'Das Lesen dauerte zu lange und wurde beendet.\nVersuchen Sie es erneut; hilft das nicht, speichern Sie die Datei als neues PDF.',
  'error.crashed':
    'Der Leser ist an dieser Datei zweimal gescheitert.\nVersuchen Sie es erneut; hilft das nicht, speichern Sie die Datei als neues PDF.',
  'error.unreadable':
    'Die Datei ließ sich nicht öffnen.\nPrüfen Sie, ob sie vorhanden und lesbar ist, und versuchen Sie es erneut.',
  'error.library_in_use': 'Ein anderes DocMind hat diese Bibliothek geöffnet.\nSchließen Sie es und starten Sie neu.',
  'error.out_of_memory':
    'Das Modell passte nicht in den Speicher.\nWählen Sie ein kleineres Profil oder ein kleineres Modell.',
  'error.disk_full': 'Der Datenträger ist voll.\nSchaffen Sie Platz und versuchen Sie es erneut.',
  'error.data_folder_unusable':
    'Der Datenordner ist nicht benutzbar.\nPrüfen Sie, ob er da ist und ob Sie darin schreiben dürfen.',
  'error.library_damaged':
    'Die Datei der Bibliothek ist beschädigt.\nFügen Sie die Dokumente neu hinzu; Gespräche liegen getrennt davon.',
  'error.library_newer': 'Die Bibliothek stammt von einem neueren DocMind.\nInstallieren Sie diese Fassung.',
  'error.read_only':
    'Die Bibliothek ist nur zum Lesen geöffnet.\nSchließen Sie das andere DocMind und starten Sie neu.',
  'error.index_unavailable':
    'Der Suchindex ist nicht benutzbar; eine genaue Suche vertritt ihn.\nBauen Sie ihn in den Einstellungen neu auf.',
  'error.no_such_document': 'Das Dokument ist nicht mehr in der Bibliothek.\nFügen Sie die Datei neu hinzu.',
  'error.no_such_page': 'Diese Seite hat das Dokument nicht.',
  'error.no_such_conversation': 'Das Gespräch ist nicht mehr da.\nBeginnen Sie ein neues.',
  'error.file_unreadable': 'Die Datei ließ sich nicht öffnen.\nPrüfen Sie, ob sie vorhanden und lesbar ist.',
  'error.file_changed': 'Die Datei hat sich seit dem Lesen geändert.\n„Erneut versuchen“ liest sie neu.',
  'error.name_taken': 'Diesen Namen gibt es schon.\nWählen Sie einen anderen.',
  'error.not_saved': 'Die Datei ließ sich nicht speichern.\nWählen Sie einen anderen Ort.',
  'error.not_opened': 'Es ließ sich nicht öffnen.\nÖffnen Sie es im eigenen Programm.',
  'error.link_refused': 'Nur Web- und Mailadressen werden geöffnet.',
  'error.bad_setting': 'Die Einstellung kann diesen Wert nicht haben.\nDer alte bleibt.',
  'error.settings_unsaved': 'Die Einstellungen ließen sich nicht speichern.\nPrüfen Sie Datenträger und Datenordner.',
  'error.embedder_missing':
    'Das Suchmodell wurde nicht gefunden.\nLegen Sie seinen Ordner an den Ort in den Einzelheiten, oder wählen Sie ein anderes.',
  'error.embedder_invalid': 'Das Suchmodell ist nicht benutzbar.\nWählen Sie ein anderes.',
  'error.embedding_failed': 'Die Passagen ließen sich nicht in Vektoren wandeln.\nVersuchen Sie es erneut.',
  'error.no_model': 'Es ist kein Sprachmodell gewählt.\nWählen Sie eines.',
  'error.no_such_model': 'Das Modell ist nicht mehr da.\nWählen Sie ein anderes.',
  'error.model_unreadable':
    'Die Datei des Modells ließ sich nicht lesen.\nPrüfen Sie, ob sie vorhanden und lesbar ist.',
  'error.model_damaged': 'Die Datei des Modells ist beschädigt oder abgeschnitten.\nKopieren Sie sie erneut.',
  'error.model_too_large':
    'Das Modell passt nicht in den freien Speicher.\nWählen Sie ein kleineres Profil oder ein kleineres Modell.',
  'error.context_overflow':
    'Frage und Quellen sind länger als der Kontext des Modells.\nWählen Sie ein Profil mit längerem.',
  'error.worker_died': 'Ein Hilfsprozess ist ausgefallen und wird neu gestartet.\nVersuchen Sie es erneut.',
  'error.worker_missing': 'Ein Teil von DocMind fehlt.\nInstallieren Sie es neu.',
  'error.worker_timed_out':
    'Ein Hilfsprozess antwortete nicht rechtzeitig und wird neu gestartet.\nVersuchen Sie es erneut.',
  'error.worker_restarts_exhausted':
    'Ein Hilfsprozess fällt immer wieder aus.\nStarten Sie DocMind neu; kopieren Sie die Diagnose, wenn es wieder geschieht.',
  'error.bench_failed': 'Die Messung ist gescheitert.\nVersuchen Sie es mit weniger Profilen.',
  'error.unknown_profile': 'Dieses Profil gibt es nicht.\nWählen Sie ein anderes.',

  'notice.answer_interrupted': 'Die Antwort brach ab.\nFragen Sie erneut.',
  'notice.answer_unsaved': 'Diese Antwort ließ sich nicht speichern.\nKopieren Sie sie, wenn Sie sie brauchen.',
  'notice.chat_template_replaced':
    'Die eigene Gesprächsform des Modells ist nicht benutzbar; Antworten können schlechter sein.',
  'notice.context_reduced': 'Der Kontext wurde verkleinert, damit das Modell passt.',
  'notice.conversations_restored':
    'Die Datei Ihrer Gespräche war beschädigt; eine Sicherung trat an ihre Stelle.\nDie neuesten können fehlen.',
  'notice.embedder_changed':
    'Ein anderes Suchmodell wurde gewählt: Alle Passagen bekommen neue Vektoren.\nSolange wird nach Wörtern gesucht.',
  'notice.embedder_on_cpu':
    'Passagen werden auf dem Prozessor in Vektoren gewandelt, weil die Grafikkarte nicht benutzbar war.',
  'notice.embedder_precision': 'Das Suchmodell hat keine Datei in dieser Genauigkeit; eine andere wird benutzt.',
  'notice.fewer_gpu_layers':
    'Nicht alle Schichten passen in den freien Speicher der Grafikkarte; der Rest läuft langsamer auf dem Prozessor.',
  'notice.folder_unreachable':
    'Ein beobachteter Ordner ist nicht erreichbar. Seine Dokumente bleiben.\nVerbinden Sie ihn wieder, oder beobachten Sie ihn nicht mehr.',
  'notice.on_cpu': 'Das Modell läuft langsamer auf dem Prozessor: Keine Grafikkarte hat Platz dafür.',
  'notice.profiles_damaged':
    'Ihre eigenen Profile ließen sich nicht lesen.\nBerichtigen Sie die Datei; die anderen gehen.',
  'notice.remote_cut': 'Der Server schrieb mehr als verlangt; der Rest wurde abgeschnitten.',
  'notice.remote_plain_request': 'Der Server kennt nicht jede Einstellung; manche bleiben ihm überlassen.',
  'notice.rerank_failed': 'Die Passagen wurden nicht nachgeordnet.',
  'notice.rerank_late':
    'Die Passagen wurden nicht nachgeordnet: Das hätte zu lange gedauert.\nErlauben Sie in den Einstellungen mehr Zeit.',
  'notice.search_by_words_only': 'Es wurde nur nach Wörtern gesucht, nicht nach Bedeutung.',
  'notice.setting_unreadable':
    'Eine Einstellung ließ sich nicht lesen; ihr Vorgabewert gilt, bis sie neu gesetzt wird.',
  'notice.settings_damaged':
    'Die Datei der Einstellungen ließ sich nicht lesen, also gelten die Vorgaben.\nDie alte Datei bleibt erhalten.',
  'notice.smaller_cache': 'Der Kontext wird mit weniger Bits gehalten, damit er passt.',
  'notice.snapshots_off':
    'Antworten beginnen nach einem Neustart langsamer: Schnappschüsse lassen sich nicht aufbewahren.',
  'notice.stepped_down':
    'Der Prozess des Modells fiel in zehn Minuten dreimal aus; es läuft jetzt sparsamer und langsamer.',
  'notice.turns_dropped':
    'Das Gespräch ist länger als der Kontext des Modells: Die ältesten Fragen kennt es nicht mehr.',
  'notice.watch_degraded':
    'Einem Ordner kann nicht sofort gefolgt werden; er wird stattdessen jede Minute durchgesehen.',
};
