import type { failures as english } from './failures.en';

/** What failed or was degraded, by the engine's code. */
export const failures: Record<keyof typeof english, string> = {
  'error.cancelled': 'Angehalten.',
  'error.needs_password':
    'Die Datei ist verschlüsselt.\nEntfernen Sie das Passwort im Ursprungsprogramm und versuchen Sie es erneut.',
  'error.no_text':
    'Alle Seiten sind Bilder: ein Scan ohne Text.\nLassen Sie DocMind den Text von Scans lesen: unter der Liste oder in den Einstellungen.',
  'error.recognition_missing':
    'Dies ist ein Scan, und es ist keine Texterkennung installiert.\nInstallieren Sie eine (apt install tesseract-ocr tesseract-ocr-deu), starten Sie DocMind neu und versuchen Sie es erneut.',
  'error.no_writing':
    'Alle Seiten sind Bilder, in denen kein Text erkannt wurde.\nNichts zu tun, es sei denn, es gibt einen besseren Scan.',
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
  'error.removal_final':
    'Das Dokument ist endgültig vergessen: Rückgängig kam zu spät.\nFügen Sie die Datei neu hinzu.',
  'error.no_such_page': 'Diese Seite hat das Dokument nicht.',
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
  'error.reader_unavailable':
    'Der Teil, der Dokumente liest, startet nicht; sie bleiben in der Warteschlange.\nSpeicher und Installation prüfen, dann erneut versuchen.',
  'error.worker_died': 'Ein Hilfsprozess ist ausgefallen und wird neu gestartet.\nVersuchen Sie es erneut.',
  'error.worker_missing': 'Ein Teil von DocMind fehlt.\nInstallieren Sie es neu.',
  'error.worker_out_of_memory':
    'Einem Hilfsprozess ging der Speicher aus.\nSchließen Sie andere Programme oder wählen Sie ein kleineres Profil, und versuchen Sie es erneut.',
  'error.worker_timed_out':
    'Ein Hilfsprozess antwortete nicht rechtzeitig und wird neu gestartet.\nVersuchen Sie es erneut.',
  'error.worker_restarts_exhausted':
    'Ein Hilfsprozess fällt immer wieder aus.\nStarten Sie DocMind neu; kopieren Sie die Diagnose, wenn es wieder geschieht.',
  'error.bench_failed': 'Die Messung ist gescheitert.\nVersuchen Sie es mit weniger Profilen.',
  'error.unknown_profile': 'Dieses Profil gibt es nicht.\nWählen Sie ein anderes.',
  'error.internal':
    'In DocMind ist etwas schiefgegangen.\nVersuchen Sie es noch einmal; kopieren Sie die Diagnose, wenn es wieder geschieht.',
  'error.backend_missing': 'Der Teil, der Sprachmodelle ausführt, wurde nicht gefunden.\nInstallieren Sie DocMind neu.',
  'error.context_refused':
    'Das Modell konnte nicht bereitgestellt werden.\nWählen Sie ein kleineres Profil oder ein anderes Modell.',
  'error.decode_failed':
    'Das Berechnen der Antwort ist gescheitert.\nVersuchen Sie es noch einmal; wählen Sie ein kleineres Profil, wenn es wieder geschieht.',
  'error.device_missing': 'Das Gerät, das im Profil steht, ist nicht da.\nWählen Sie ein anderes Profil.',
  'error.file_failed':
    'Eine Datei konnte nicht gelesen oder geschrieben werden.\nPrüfen Sie den Datenträger und seine Rechte.',
  'error.invalid_grammar': 'Die Form, der die Antwort folgen muss, ist nicht lesbar.',
  'error.nothing_asked': 'Es gibt keine Frage.\nGeben Sie ein, was Sie wissen möchten.',
  'error.empty_question': 'Die Frage ist leer.\nGeben Sie ein, was Sie wissen möchten.',
  'error.text_too_long': 'Der Text ist zu lang.\nKürzen Sie die Frage.',
  'error.quantize_failed':
    'Die kleineren Gewichte konnten nicht erzeugt werden.\nPrüfen Sie den Datenträger und die Modelldatei.',
  'error.model_missing': 'Die Modelldatei ist nicht da.\nWählen Sie eine andere, oder legen Sie sie zurück.',
  'error.model_split': 'Das Modell liegt in mehreren Dateien.\nFügen Sie sie zuerst zu einer GGUF-Datei zusammen.',
  'error.model_stalled':
    'Vom Modell kam nichts mehr an.\nPrüfen Sie den Datenträger oder das Netz, auf dem es liegt, und versuchen Sie es erneut.',
  'error.not_a_model': 'Das ist keine GGUF-Datei.\nWählen Sie eine Datei, die auf .gguf endet.',
  'error.model_unsupported':
    'Diese Datei ist ganz, aber kein Sprachmodell, das DocMind ausführen kann.\nWählen Sie eine andere Datei des Modells.',
  'error.model_exists':
    'Ein Modell dieses Namens ist schon abgelegt.\nEntfernen Sie es zuerst, oder geben Sie der Datei einen anderen Namen.',
  'error.not_in_catalogue': 'Ein solches Sprachmodell ist nicht zu holen.\nNennen Sie die Adresse einer GGUF-Datei.',
  'error.bench_unsaved':
    'Die Messung konnte nicht gespeichert werden.\nPrüfen Sie den Datenträger und den Datenordner.',
  'error.builtin_profile':
    'Dieses Profil gehört zu DocMind und lässt sich nicht ändern.\nKopieren Sie es unter einem anderen Namen.',
  'error.invalid_profile':
    'Das Profil hat einen unbrauchbaren Wert.\nBerichtigen Sie ihn; das bisherige Profil bleibt.',
  'error.profile_exists': 'Ein Profil dieses Namens gibt es schon.\nWählen Sie einen anderen Namen.',
  'error.collection_not_found': 'Die Sammlung gibt es nicht mehr.\nWählen Sie eine andere.',
  'error.evidence_invalid':
    'Die Datei ist kein Nachweis von DocMind.\nExportieren Sie ein Gespräch als Nachweis, um einen zu erhalten.',
  'error.evidence_newer': 'Der Nachweis stammt von einem neueren DocMind.\nInstallieren Sie dieses, um ihn zu prüfen.',
  'error.evidence_one_by_one': 'Nachweise werden einzeln geprüft.\nLegen Sie die anderen nacheinander ab.',
  'error.recognised_otherwise':
    'Die Seite ist ein Bild, und ihr Text wird hier anders erkannt.\nSehen Sie die Seite selbst an.',
  'error.conversation_not_found': 'Das Gespräch gibt es nicht mehr.\nBeginnen Sie ein neues.',
  'error.conversations_damaged':
    'Die Datei Ihrer Gespräche ist beschädigt, und keine Kopie ist heil.\nVerschieben Sie sie, um neu zu beginnen; heben Sie sie auf, sie lässt sich vielleicht reparieren.',
  'error.document_not_found': 'Das Dokument ist nicht mehr in der Bibliothek.\nFügen Sie die Datei noch einmal hinzu.',
  'error.document_inconsistent':
    'Was vom Dokument gelesen wurde, widerspricht sich.\nVersuchen Sie es erneut; hilft das nicht, speichern Sie es als neue PDF-Datei.',
  'error.embedder_confused': 'Das Suchmodell gab keinen Vektor zurück.\nInstallieren Sie DocMind neu.',
  'error.wrong_embedder':
    'Die Bibliothek enthält Vektoren eines anderen Suchmodells.\nWählen Sie das Suchmodell in den Einstellungen noch einmal.',
  'error.vectors_pending':
    'Die Stellen warten auf Vektoren des gewählten Suchmodells.\nSie erhalten sie, während DocMind offen ist.',
  'error.reembed_failed':
    'Stellen konnten keine neuen Vektoren erhalten.\nBauen Sie den Suchindex in den Einstellungen neu.',
  'error.reranker_missing':
    'Das Modell für das zweite Lesen wurde nicht gefunden.\nLegen Sie seinen Ordner dorthin, wo es unter Details steht, oder schalten Sie es aus.',
  'error.onnx_runtime_missing':
    'Der Teil, der das Suchmodell ausführt, wurde nicht gefunden.\nInstallieren Sie DocMind neu.',
  'error.library_busy':
    'Die Bibliothek wird gerade von einem anderen Prozess geändert.\nVersuchen Sie es gleich noch einmal.',
  'error.library_error':
    'Die Bibliothek konnte nicht benutzt werden.\nVersuchen Sie es noch einmal; kopieren Sie die Diagnose, wenn es wieder geschieht.',
  'error.library_io':
    'Die Dateien der Bibliothek konnten nicht benutzt werden.\nPrüfen Sie, ob der Datenordner da ist und Sie darin schreiben dürfen.',
  'error.library_missing': 'Es gibt noch keine Bibliothek.\nFügen Sie zuerst Dokumente hinzu.',
  'error.no_library': 'Es gibt noch keine Bibliothek.\nFügen Sie zuerst Dokumente hinzu.',
  'error.library_read_only': 'In die Bibliothek kann nicht geschrieben werden.\nPrüfen Sie die Rechte ihres Ordners.',
  'error.no_data_folder': 'Auf diesem System ist kein Datenordner bekannt.\nStarten Sie DocMind mit --data-dir.',
  'error.no_samples': 'Die Beispieldokumente wurden nicht installiert.\nFügen Sie eigene Dateien hinzu.',
  'error.file_missing':
    'Diese Datei gibt es nicht.\nPrüfen Sie den Pfad; eine Verknüpfung kann auf etwas zeigen, das nicht mehr da ist.',
  'error.permission_denied':
    'Die Datei darf nicht gelesen werden.\nGeben Sie sich das Recht dazu und versuchen Sie es erneut.',
  'error.data_folder':
    'Das ist der Datenordner von DocMind selbst; nichts darin wird gelesen.\nNennen Sie den Ordner Ihrer Dokumente.',
  'error.path_not_utf8':
    'Der Name der Datei lässt sich nicht als Text lesen.\nBenennen Sie sie um, oder wählen Sie eine andere.',
  'error.link_loop':
    'Eine Verknüpfung führt in einen Ordner über ihr zurück.\nDessen Dateien werden dort gelesen; nichts zu tun.',
  'error.not_a_regular_file': 'Das ist weder eine Datei noch ein Ordner.\nNichts zu tun.',
  'error.result_too_large':
    'Vom Dokument wurde zu viel auf einmal gelesen.\nTeilen Sie es und versuchen Sie es noch einmal.',
  'error.worker_message':
    'Ein Hilfsprozess wurde nicht verstanden; er wird neu gestartet.\nVersuchen Sie es noch einmal.',
  'error.worker_start_failed': 'Ein Hilfsprozess konnte nicht gestartet werden.\nInstallieren Sie DocMind neu.',
  'error.network_offline':
    'Das Netzwerk ist ausgeschaltet.\nNutzen Sie ein Modell auf diesem Rechner, oder schalten Sie es ein.',
  'error.network_not_allowed': 'Diese Adresse ist nicht erlaubt.\nTragen Sie sie zuerst in den Einstellungen ein.',
  'error.remote_bad_address': 'Das ist keine Adresse.\nGeben Sie sie als http://rechner:port oder https://rechner ein.',
  'error.remote_unreachable': 'Der Server ist nicht erreichbar.\nPrüfen Sie, ob er läuft und ob seine Adresse stimmt.',
  'error.remote_timeout': 'Der Server antwortet nicht.\nPrüfen Sie ihn, und versuchen Sie es erneut.',
  'error.remote_insecure':
    'Zum Server kommt keine sichere Verbindung zustande.\nPrüfen Sie Adresse, Zertifikat und Uhrzeit.',
  'error.remote_denied': 'Der Server hat die Anfrage abgewiesen.\nPrüfen Sie den Schlüssel in den Einstellungen.',
  'error.remote_model_missing':
    'Dieses Modell hat der Server nicht.\nWählen Sie eines aus seiner Liste, oder laden Sie es dort.',
  'error.remote_busy': 'Der Server hat zu viel zu tun.\nVersuchen Sie es gleich noch einmal.',
  'error.remote_refused':
    'Der Server hat geantwortet, dass er das nicht kann.\nSehen Sie in seinem eigenen Protokoll nach.',
  'error.remote_bad_answer':
    'Die Antwort des Servers ist unverständlich.\nPrüfen Sie, ob es die richtige Art von Server ist.',
  'error.remote_truncated': 'Die Antwort des Servers brach mittendrin ab.\nVersuchen Sie es erneut.',
  'error.remote_too_large': 'Die Antwort des Servers ist zu groß.\nPrüfen Sie, ob es der richtige Server ist.',
  'error.remote_redirect': 'Der Server verweist an einen anderen Ort.\nGeben Sie seine endgültige Adresse ein.',

  'notice.answer_interrupted': 'Die Antwort brach ab.\nFragen Sie erneut.',
  'notice.answer_unsaved': 'Diese Antwort ließ sich nicht speichern.\nKopieren Sie sie, wenn Sie sie brauchen.',
  'notice.card_refused': 'Die Grafikkarte ist nicht benutzbar: Das Modell läuft langsamer auf dem Prozessor.',
  'notice.chat_template_replaced':
    'Die eigene Gesprächsform des Modells ist nicht benutzbar; Antworten können schlechter sein.',
  'notice.context_reduced': 'Der Kontext wurde verkleinert, damit das Modell passt.',
  'notice.conversations_restored':
    'Die Datei Ihrer Gespräche war beschädigt oder fehlte; eine Sicherung trat an ihre Stelle.\nDie neuesten können fehlen.',
  'notice.embedder_changed':
    'Ein anderes Suchmodell wurde gewählt: Alle Passagen bekommen neue Vektoren.\nSolange wird nach Wörtern gesucht.',
  'notice.embedder_on_cpu':
    'Passagen werden auf dem Prozessor in Vektoren gewandelt, weil die Grafikkarte nicht benutzbar war.',
  'notice.embedder_precision': 'Das Suchmodell hat keine Datei in dieser Genauigkeit; eine andere wird benutzt.',
  'notice.fewer_gpu_layers':
    'Nicht alle Schichten passen in den freien Speicher der Grafikkarte; der Rest läuft langsamer auf dem Prozessor.',
  'notice.file_not_read_again':
    'Eine Datei konnte nicht noch einmal gelesen werden; was vorher von ihr gelesen wurde, bleibt.\nPrüfen Sie den Datenträger oder den Netzwerkordner, und lesen Sie sie dann erneut.',
  'notice.folder_unreachable':
    'Ein beobachteter Ordner ist nicht erreichbar. Seine Dokumente bleiben.\nVerbinden Sie ihn wieder, oder beobachten Sie ihn nicht mehr.',
  'notice.on_cpu': 'Das Modell läuft langsamer auf dem Prozessor: Keine Grafikkarte hat Platz dafür.',
  'notice.profile_automatic': 'Automatisch gewählt: das Größte, das jetzt in den freien Speicher passt.',
  'notice.profile_chosen': 'In den Einstellungen gewählt.',
  'notice.profile_made_to_fit': 'In den Einstellungen gewählt, dem freien Speicher angepasst.',
  'notice.profile_too_large':
    'Ein kürzerer Kontext oder ein kleinerer Cache könnte passen. „Automatisch“ findet, was passt.',
  'notice.profile_missing':
    'Das Profil der Einstellungen gibt es nicht mehr; das automatische läuft an seiner Stelle.\nWählen Sie in den Einstellungen ein Profil.',
  'notice.profiles_damaged':
    'Ihre eigenen Profile ließen sich nicht lesen.\nBerichtigen Sie die Datei; die anderen gehen.',
  'notice.remote_context_assumed':
    'Der Server sagt nicht, wie viel er auf einmal liest; ein kleiner Kontext wird angenommen.\nIn den Einstellungen lässt sich sagen, wie groß er ist.',
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
  'notice.removed_stay_out':
    'Einige dieser Dateien wurden früher aus der Bibliothek entfernt und bleiben draußen. Eine Datei, die einzeln hinzugefügt wird, kommt zurück.',
  'notice.weights_missing':
    'Die Gewichte dieses Profils sind nicht da; andere Gewichte desselben Modells laufen an ihrer Stelle.',
  'notice.turns_dropped':
    'Das Gespräch ist länger als der Kontext des Modells: Die ältesten Fragen kennt es nicht mehr.',
  'notice.turns_left_out':
    'Es werden andere Dokumente befragt als vorher: Was frühere Antworten aus den übrigen haben, bekommt das Modell nicht.',
  'notice.weights_source_missing':
    'Dafür wird die F16-Datei des Modells gebraucht, die nicht bei den anderen liegt.\nHolen Sie sie in denselben Ordner.',
  'notice.watch_degraded':
    'Einem Ordner kann nicht sofort gefolgt werden; er wird stattdessen jede Minute durchgesehen.',
  'notice.graphs_unchanged':
    'Ob die Arbeit der Grafikkarte in Graphen aufgezeichnet wird, legt das erste Modell fest; das bleibt so, bis DocMind neu gestartet wird.',
  'notice.remote_no_thinking':
    'Das Modell auf dem Server kann nicht nachdenken, bevor es antwortet. Es antwortet sofort.',
};
