package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simreg.worker.base.io.FileNames;

/** A process that opens a data set in whatever locale it was started, reads its files and prints what they are. */
final class LocaleProbe {
    private LocaleProbe() {}

    public static void main(String[] args) throws IOException {
        Tree tree = new Tree(Path.of(args[0]));
        ImageDataset found = tree.open();
        ImageList images = found.train();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (int id = 0; id < images.size(); id++) {
            String bytes = Files.readString(FileNames.resolve(tree.root, images.path(id)));
            out.println(images.label(id) + " " + FileNames.shown(images.path(id)) + " " + bytes);
        }
        out.println(images.sha256() + " " + found.val().orElseThrow().sha256());
    }
}
