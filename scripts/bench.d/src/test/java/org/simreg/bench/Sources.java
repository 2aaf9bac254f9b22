package org.simreg.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.bench.bucket.LoopbackS3;
import org.simreg.bench.bucket.ParquetPictures;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.store.LocalFolder;

/**
 * One folder of pictures as all sources that a job may name.
 *
 * @param data train/CLASS/* and val/CLASS/*
 * @param folder for what is made of it
 */
record Sources(Path data, Path folder) {
    /** The buckets' last. */
    List<String> all(LoopbackS3 server) throws IOException {
        Path shards = folder.resolve("shards");
        PackSettings settings = new PackSettings(60_000, Optional.empty(), Optional.empty(), Optional.empty());
        new ShardPacker(opened(), settings, new LocalFolder(shards)).pack(1, ProgressMonitor.SILENT);
        Path parquet = ParquetPictures.write(data, folder.resolve("all.parquet"));
        server.bucket("plain", data);
        server.bucket("packed", shards);
        server.put("plain", "all.txt", Files.readAllBytes(listed("")));
        server.put("packed", "all.parquet", Files.readAllBytes(parquet));
        return List.of(
                "list:" + listed(data + "/"),
                "tar:" + shards + "/*.tar",
                "tar:" + tarOfTars(),
                "parquet:" + parquet,
                "tar:s3://packed/*.tar",
                "parquet:s3://packed/all.parquet",
                "list:s3://plain/all.txt",
                "s3://plain");
    }

    private ImageDataset opened() {
        return DatasetOpener.local(
                Dataset.newBuilder().addPath(data.toString()).build(),
                new DatasetOpener.Local(folder.resolve("index"), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                notice -> {});
    }

    /** A list of all, whose paths begin so. */
    private Path listed(String before) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            List<String> lines = files.filter(Files::isRegularFile)
                    .map(file -> before + data.relativize(file))
                    .sorted()
                    .toList();
            return Files.write(folder.resolve("all.txt"), lines);
        }
    }

    /** As ImageNet's own: a tar a class, in a tar. */
    private Path tarOfTars() throws IOException {
        TarBytes outer = new TarBytes();
        for (String part : List.of("train", "val")) {
            try (Stream<Path> classes = Files.list(data.resolve(part))) {
                for (Path one : classes.sorted().toList()) {
                    TarBytes inner = new TarBytes();
                    try (Stream<Path> files = Files.list(one)) {
                        for (Path file : files.sorted().toList()) {
                            inner.add(file.getFileName().toString(), Files.readAllBytes(file));
                        }
                    }
                    outer.add(part + "/" + one.getFileName() + ".tar", inner.bytes());
                }
            }
        }
        return Files.write(folder.resolve("all.tar"), outer.bytes());
    }
}
