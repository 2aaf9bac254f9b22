package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.coordinator.search.query.SuspectedEnd;
import org.simreg.coordinator.search.query.Timers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.ImageSource;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Split;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.storage.DatasetOpener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The builder of one bank of images: lists the images, then has workers embed them in parts. Every
 * worker has one part at a time and is asked again and again how far it is; the part of a lost
 * worker goes to another. An instance belongs to the banks' thread.
 */
final class ImageBankBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBankBuilder.class);
    private static final long ASK_MS = 5000;

    /** Images by which two losses may differ and still be of the same cause: those that are decoded ahead. */
    private static final int SAME_PLACE = 1024;

    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final Progress progress;
    private final SortedSet<SearchWorkers.Worker> workers = new TreeSet<>();
    private final Map<Integer, SearchWorkers.Worker> assigned = new TreeMap<>();
    private final Map<Integer, Integer> rows = new HashMap<>();
    private final Map<SearchWorkers.Worker, String> failures = new TreeMap<>();
    private final Map<SearchWorkers.Worker, String> silent = new TreeMap<>();

    /** Workers that were lost while they embedded a part, and didn't come back. */
    private final Map<Integer, List<Loss>> losses = new HashMap<>();

    private BankRecord record;
    private boolean over;

    /** The listener to the parts of the bank. */
    interface Progress {
        /** The number of features a row is known. */
        void dimension(int features);

        /** More rows have been embedded. */
        void rowsEmbedded();

        /** A part is stored; the message has the digests of the file and of the weights. */
        void embedded(int part, Embedded embedded);

        /** The bank can't be built; the reason is one sentence. */
        void failed(String reason);
    }

    /**
     * A worker that was lost while it embedded a part.
     *
     * @param rows of the part that it had reached
     */
    private record Loss(SuspectedEnd end, int rows) {}

    /** Rows of a part at about which two workers were lost. */
    private record Place(int first, int last, List<SuspectedEnd> ends) {}

    ImageBankBuilder(Timers timers, SearchWorkers searchWorkers, BankRecord record, Progress progress) {
        this.timers = timers;
        this.searchWorkers = searchWorkers;
        this.record = record;
        this.progress = progress;
    }

    /**
     * Lists the images and writes their names.
     *
     * @param record of the bank as it was requested
     * @param parts that the bank is cut in; fewer if there are fewer images
     * @return the record with rows, classes and parts
     * @throws UserError if there is no such data set
     */
    static BankRecord listed(BankRecord record, int parts, BankFolders folders, Banks.Setup setup) {
        ImageSource source = record.getSource().getImages();
        ImageList images = images(source, setup);
        BankNames.write(folders.names(record.getName()), images.size(), id -> images.path((int) id));
        BankRecord.Builder listed =
                record.toBuilder().setRows(images.size()).setNamed(true).setDataSha256(images.sha256());
        if (images.labelled()) {
            listed.addAllClasses(images.classNames());
        }
        BankBuilder.cut(listed, images.size(), parts);
        return listed.build();
    }

    private static ImageList images(ImageSource source, Banks.Setup setup) {
        Dataset dataset = source.getDataset();
        Optional.of(dataset.getClassesFile())
                .filter(f -> !f.isEmpty())
                .map(Path::of)
                .ifPresent(ImageBankBuilder::requireRegular);
        ImageDataset splits = DatasetOpener.local(
                dataset,
                new DatasetOpener.Local(setup.indexCache(), setup.roots(), (folders, images) -> WatchedPool.progress()),
                note -> LOG.info("{}", note));
        if (source.getSplit() == Split.TRAIN) {
            return splits.train();
        }
        return splits.val().orElseThrow(() -> new UserError("The bank can't hold val images: " + splits.noVal()));
    }

    private static void requireRegular(Path classes) {
        Disk.read(classes, () -> {
            UserFile.requireRegular(classes);
            return classes;
        });
    }

    void record(BankRecord changed) {
        record = changed;
    }

    /**
     * Takes the workers that attend now.
     *
     * @param leaving those that are about to leave, which is no loss
     */
    void workersChanged(Collection<SearchWorkers.Worker> attending, Collection<SearchWorkers.Worker> leaving) {
        workers.clear();
        workers.addAll(attending);
        failures.keySet().retainAll(workers);
        silent.keySet().retainAll(workers);
        // Whoever comes back was only out of reach.
        losses.values().forEach(lost -> lost.removeIf(loss -> loss.end.isBack(workers)));
        assigned.forEach((part, worker) -> {
            if (!workers.contains(worker) && !leaving.contains(worker)) {
                losses.computeIfAbsent(part, none -> new ArrayList<>())
                        .add(new Loss(new SuspectedEnd(worker, timers.now(), true), rows.getOrDefault(part, 0)));
            }
        });
        assigned.values().removeIf(worker -> !workers.contains(worker));
    }

    /**
     * Whether a part may be given to a worker. One that two processes in succession were lost with at about the same images
     * waits whether one of them comes back. If none does, a third one would be lost too, and the bank fails.
     */
    private boolean mayBeGiven(int part) {
        place(part, true).ifPresent(deadly -> {
            over = true;
            progress.failed(sentence(part, deadly));
        });
        return place(part, false).isEmpty();
    }

    /** Where two workers were lost with a part. */
    private Optional<Place> place(int part, boolean certain) {
        List<Loss> lost = losses.getOrDefault(part, List.of()).stream()
                .filter(loss -> !certain || loss.end.isCertain(workers, timers.now()))
                .sorted(Comparator.comparingInt(Loss::rows))
                .toList();
        for (int i = 1; i < lost.size(); i++) {
            Loss one = lost.get(i - 1);
            Loss other = lost.get(i);
            if (other.rows - one.rows <= SAME_PLACE) {
                return Optional.of(new Place(one.rows, other.rows, List.of(one.end, other.end)));
            }
        }
        return Optional.empty();
    }

    private String sentence(int part, Place deadly) {
        BankRecord.Part one = record.getParts(part);
        return "the workers %s were lost one after the other while they embedded the images %d to %d, and did not come back: one of these, or the weights, takes more memory than a worker has; take it out of %s, delete the bank and make it again"
                .formatted(
                        SuspectedEnd.names(deadly.ends),
                        one.getFirstId() + deadly.first,
                        one.getFirstId() + Math.min(one.getRows() - 1, deadly.last + SAME_PLACE),
                        DataSource.shown(record.getSource().getImages().getDataset()));
    }

    /** Gives parts to idle workers, and asks how far the others are; called again and again. */
    void tick() {
        for (int part = 0; part < record.getPartsCount() && !over; part++) {
            if (!record.getParts(part).getSha256().isEmpty()) {
                assigned.remove(part);
                continue;
            }
            if (!assigned.containsKey(part)) {
                Optional<SearchWorkers.Worker> idle = idle();
                if (!mayBeGiven(part) || idle.isEmpty()) {
                    continue;
                }
                assigned.put(part, idle.get());
            }
            ask(part, assigned.get(part));
        }
    }

    private Optional<SearchWorkers.Worker> idle() {
        return workers.stream()
                .filter(worker -> !assigned.containsValue(worker))
                .filter(worker -> !failures.containsKey(worker))
                .findFirst();
    }

    private void ask(int part, SearchWorkers.Worker worker) {
        SearchOrder order = SearchOrder.newBuilder().setEmbed(order(part)).build();
        searchWorkers.send(
                worker,
                order,
                ASK_MS,
                reply -> {
                    silent.remove(worker);
                    if (!over && worker.equals(assigned.get(part))) {
                        take(part, worker, reply);
                    }
                },
                // It is asked again, unless it is lost.
                e -> silent.put(worker, "gives no answer (%s)".formatted(e.getMessage())));
    }

    private void take(int part, SearchWorkers.Worker worker, SearchReply reply) {
        if (reply.hasFailure()) {
            assigned.remove(part);
            failures.put(worker, reply.getFailure().getReason());
            if (workers.stream().allMatch(one -> failures.containsKey(one))) {
                over = true;
                progress.failed(worker.name() + ": " + reply.getFailure().getReason());
            }
        } else if (reply.getEmbedded().hasStored()) {
            assigned.remove(part);
            rows.remove(part);
            losses.remove(part);
            progress.embedded(part, reply.getEmbedded());
        } else {
            if (reply.getEmbedded().getDimension() > 0) {
                progress.dimension(reply.getEmbedded().getDimension());
            }
            Integer before = rows.put(part, reply.getEmbedded().getRows());
            if (before == null || before != reply.getEmbedded().getRows()) {
                progress.rowsEmbedded();
            }
        }
    }

    /** Gives no parts out any more. */
    void stop() {
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

    /** The parts that a worker is to go on with. */
    List<EmbedOrder> wanted(SearchWorkers.Worker worker) {
        List<EmbedOrder> wanted = new ArrayList<>();
        assigned.forEach((part, who) -> {
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
            if (assigned.containsKey(part)) {
                status.getShardsBuilder(part)
                        .addHoldersBuilder()
                        .setWorker(assigned.get(part).name());
            }
        }
        status.setRowsDone(done);
        if (workers.isEmpty()) {
            status.setReason("waits for workers");
        } else {
            Stream<String> troubles = Stream.of(failures, silent)
                    .flatMap(some -> some.entrySet().stream())
                    .map(trouble -> trouble.getKey().name() + ": " + trouble.getValue());
            Stream<String> waiting = IntStream.range(0, record.getPartsCount())
                    .mapToObj(part -> place(part, false))
                    .flatMap(Optional::stream)
                    .map(lost -> "waits whether %s come back, which were lost at the same images"
                            .formatted(SuspectedEnd.names(lost.ends)));
            status.setReason(Stream.concat(troubles, waiting).collect(Collectors.joining("; ")));
        }
    }
}
