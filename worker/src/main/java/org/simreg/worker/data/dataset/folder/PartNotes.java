package org.simreg.worker.data.dataset.folder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.SampleIndex;

/** Sentences about a part with class folders: what lies beside them, which are empty, which are one class. */
record PartNotes(String folder, SampleIndex.FolderPart part, List<String> folders) {
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        String where = folder.isEmpty() ? "" : " in " + folder;
        if (part.classes().get(0).isEmpty()) {
            int beside = part.classEnd(0);
            notes.add("left out: %d %s beside the class folders%s (%s)"
                    .formatted(
                            beside,
                            beside == 1 ? "picture" : "pictures",
                            where,
                            FileNames.shown(part.name(0)) + (beside > 1 ? ", .." : "")));
        }
        Set<String> filled = new HashSet<>(part.classes());
        List<String> empty =
                folders.stream().filter(name -> !filled.contains(name)).toList();
        if (!empty.isEmpty()) {
            notes.add("left out: %d class %s without images%s (%s)"
                    .formatted(
                            empty.size(),
                            empty.size() == 1 ? "folder" : "folders",
                            where,
                            LeftOut.first(empty, empty.size())));
        }
        Map<String, String> spelled = new HashMap<>();
        for (String name : part.classes()) {
            String other = spelled.putIfAbsent(FileNames.composed(name), name);
            if (other != null) {
                notes.add("the two folders%s whose name reads %s, in two Unicode forms, are one class"
                        .formatted(where, FileNames.shown(name)));
            }
        }
        return notes;
    }
}
