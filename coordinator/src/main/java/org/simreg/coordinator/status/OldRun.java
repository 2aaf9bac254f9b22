package org.simreg.coordinator.status;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simreg.coordinator.store.FolderLock;

/** An earlier run in a folder: which files are its, and their removal. */
final class OldRun {
    /** The page that is made of the run. */
    static final String REPORT = "report.html";

    private static final List<String> FILES =
            List.of(RunFolder.JOB, RunFolder.LEDGER, RunFolder.EVENTS, MetricsFile.NAME, REPORT);

    private OldRun() {}

    /** Removes the files of a run and the folders that are then empty; other files stay. */
    static void remove(Path folder) throws IOException {
        for (String name : FILES) {
            Files.deleteIfExists(folder.resolve(name));
        }
        removeScalars(folder);
        removeFrom(folder.resolve("checkpoints"), "{,.}step-[0-9]*.safetensors{,.*.tmp}");
        removeFrom(folder.resolve("features"), "{,.}teacher-[0-9]*.features{,.*.tmp}");
        removeFrom(
                folder.resolve("student"),
                "{resnet,mobilenet}*.{torchscript.pt,safetensors,pth,onnx}");
    }

    /** Removes TensorBoard event files, ours only. */
    static void removeScalars(Path folder) throws IOException {
        remove(folder, EventFile.GLOB);
    }

    private static void removeFrom(Path folder, String glob) throws IOException {
        if (Files.isDirectory(folder)) {
            remove(folder, glob);
            if (isEmpty(folder)) {
                Files.delete(folder);
            }
        }
    }

    private static void remove(Path folder, String glob) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, glob)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /** Whether nothing lies in a folder, but for the lock that keeps it. */
    static boolean isEmpty(Path folder) throws IOException {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(folder, file -> !file.endsWith(FolderLock.NAME))) {
            return !files.iterator().hasNext();
        }
    }
}
