package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Dataset;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.ImageSource;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Split;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The builder of a bank of images: its list of images and its parts, which workers embed. Every
 * worker has one part at a time and is asked again and again how far it is; the part of a lost one
 * goes to another. An instance belongs to the search thread.
 */
final class ImageBankBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBankBuilder.class);
    private static final long ASK_MS = 5000;

    private final SearchWorkers crew;
    private final Progress progress;
    private final SortedSet<SearchWorkers.Worker> workers = new TreeSet<>();
    private final Map<Integer, SearchWorkers.Worker> at = new TreeMap<>();
    private final Map<Integer, Integer> rows = new HashMap<>();
    private final Map<String, String> failures = new TreeMap<>();
    private BankRecord record;
    private boolean over;

    /** A listener to the parts: under way, stored, or failed. */
    interface Progress {
        /** How many features a row has is known. */
        void dimension(int features);

        /** Rows have been embedded. */
        void more();

        /** A part is stored; its digests come with it. */
        void embedded(int part, Embedded embedded);

        /** It can't be made; one sentence. */
        void failed(String reason);
    }

    ImageBankBuilder(SearchWorkers crew, BankRecord record, Progress progress) {
        this.crew = crew;
        this.record = record;
        this.progress = progress;
    }

    /**
     * Lists the images and writes their names.
     *
     * @param record of the bank, with nothing but what was asked
     * @param parts that the bank is cut in; fewer if there are fewer images
     * @return the record with rows, classes and parts
     * @throws UserError if there is no such data set
     */
    static BankRecord begun(BankRecord record, int parts, BankFolders folders, Path indexCache) {
        ImageSource source = record.getSource().getImages();
        ImageList images = images(source, indexCache);
        Path root = Path.of(source.getDataset().getPath()).toAbsolutePath();
        BankNames.write(
                folders.names(record.getName()),
                images.size(),
                id -> root.relativize(images.file((int) id).toAbsolutePath()).toString());
        BankRecord.Builder begun =
                record.toBuilder()
                        .setRows(images.size())
                        .setNamed(true)
                        .setDataSha256(images.sha256());
        if (images.labelled()) {
            begun.addAllClasses(images.classNames());
        }
        cut(begun, images.size(), parts);
        return begun.build();
    }

    /** Adds parts of almost equal size. */
    static void cut(BankRecord.Builder record, int rows, int parts) {
        int count = Math.min(rows, parts);
        for (int part = 0; part < count; part++) {
            long first = (long) rows * part / count;
            long end = (long) rows * (part + 1) / count;
            record.addPartsBuilder().setFirstId(first).setRows((int) (end - first));
        }
    }

    private static ImageList images(ImageSource source, Path indexCache) {
        Dataset dataset = source.getDataset();
        Optional<Path> classes =
                Optional.of(dataset.getClassesFile()).filter(f -> !f.isEmpty()).map(Path::of);
        ImageDataset splits =
                FolderSource.open(
                        Path.of(dataset.getPath()),
                        new ImageDataset.Subset(dataset.getLimitClasses(), classes),
                        indexCache,
                        ImageDataset.IndexProgress.SILENT);
        if (source.getSplit() == Split.TRAIN) {
            return splits.train();
        }
        return splits.val()
                .orElseThrow(
                        () ->
                                new UserError(
                                        "The data set %s has no val part with classes"
                                                .formatted(dataset.getPath())));
    }

    void record(BankRecord changed) {
        record = changed;
    }

    void attend(Collection<SearchWorkers.Worker> attending) {
        workers.clear();
        workers.addAll(attending);
        at.values().removeIf(worker -> !workers.contains(worker));
    }

    /** Time has passed: gives parts out, and asks how far they are. */
    void tick() {
        for (int part = 0; part < record.getPartsCount() && !over; part++) {
            if (!record.getParts(part).getSha256().isEmpty()) {
                at.remove(part);
                continue;
            }
            if (!at.containsKey(part)) {
                Optional<SearchWorkers.Worker> free = free();
                if (free.isEmpty()) {
                    continue;
                }
                at.put(part, free.get());
            }
            ask(part, at.get(part));
        }
    }

    private Optional<SearchWorkers.Worker> free() {
        return workers.stream()
                .filter(worker -> !at.containsValue(worker))
                .filter(worker -> !failures.containsKey(worker.name()))
                .findFirst();
    }

    private void ask(int part, SearchWorkers.Worker worker) {
        SearchOrder order = SearchOrder.newBuilder().setEmbed(order(part)).build();
        crew.ask(
                worker,
                order,
                ASK_MS,
                reply -> {
                    if (!over && worker.equals(at.get(part))) {
                        take(part, worker, reply);
                    }
                },
                // It is asked again, unless it is lost.
                e -> LOG.debug("{} says nothing of part {}", worker.name(), part, e));
    }

    private void take(int part, SearchWorkers.Worker worker, SearchReply reply) {
        if (reply.hasFailure()) {
            at.remove(part);
            failures.put(worker.name(), reply.getFailure().getReason());
            if (workers.stream().allMatch(one -> failures.containsKey(one.name()))) {
                over = true;
                progress.failed(worker.name() + ": " + reply.getFailure().getReason());
            }
        } else if (reply.getEmbedded().hasStored()) {
            at.remove(part);
            rows.remove(part);
            progress.embedded(part, reply.getEmbedded());
        } else {
            if (reply.getEmbedded().getDimension() > 0) {
                progress.dimension(reply.getEmbedded().getDimension());
            }
            Integer before = rows.put(part, reply.getEmbedded().getRows());
            if (before == null || before != reply.getEmbedded().getRows()) {
                progress.more();
            }
        }
    }

    /** Nobody wants it any more. */
    void giveUp() {
        over = true;
    }

    EmbedOrder order(int part) {
        BankRecord.Part one = record.getParts(part);
        return EmbedOrder.newBuilder()
                .setBank(record.getName())
                .setVersion(record.getVersion())
                .setShard(part)
                .setImages(record.getSource().getImages())
                .setDataSha256(record.getDataSha256())
                .setFirstId(one.getFirstId())
                .setRows(one.getRows())
                .build();
    }

    /** Parts that a worker is to go on with. */
    List<EmbedOrder> wanted(SearchWorkers.Worker worker) {
        List<EmbedOrder> wanted = new ArrayList<>();
        at.forEach(
                (part, who) -> {
                    if (who.equals(worker) && !over) {
                        wanted.add(order(part));
                    }
                });
        return wanted;
    }

    void describe(BankStatus.Builder status) {
        long done = 0;
        for (int part = 0; part < record.getPartsCount(); part++) {
            boolean stored = !record.getParts(part).getSha256().isEmpty();
            done += stored ? record.getParts(part).getRows() : rows.getOrDefault(part, 0);
            if (at.containsKey(part)) {
                status.getShardsBuilder(part).addHoldersBuilder().setWorker(at.get(part).name());
            }
        }
        status.setRowsDone(done);
        if (workers.isEmpty()) {
            status.setReason("waits for workers");
        } else if (!failures.isEmpty()) {
            status.setReason(failures.toString());
        }
    }
}
