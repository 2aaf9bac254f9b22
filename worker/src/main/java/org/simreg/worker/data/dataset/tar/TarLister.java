package org.simreg.worker.data.dataset.tar;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.LeftOut;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.dataset.located.TextNumbers;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;

/**
 * The lister of images in tar files: their members as a folder tree, or with WebDataset's classes beside the images
 * ({@code .cls}, a field of {@code .json}, {@code .txt}); a tar in a tar is the folder of its name, as in ImageNet's
 * {@code ILSVRC2012_img_train.tar}; {@link TarClasses} says when a tar by itself is one. Headers alone are read, several tars at once.
 */
public final class TarLister implements SampleLister {
    private static final String TAR = ".tar";

    private final String pattern;
    private final String field;
    private final FileStore store;
    private final LeftOut leftOut = new LeftOut();
    private final TarOddities odd = new TarOddities();
    private final AtomicLong tars = new AtomicLong();
    private final AtomicLong images = new AtomicLong();

    /**
     * @param pattern of the tars' paths
     * @param field of {@code .json} members that holds the class; empty: they are passed over
     */
    public TarLister(String pattern, String field, FileStore store) {
        this.pattern = pattern;
        this.field = field;
        this.store = store;
    }

    @Override
    public String key() {
        return "tar:" + pattern + (field.isEmpty() ? "" : " (" + field + ")");
    }

    @Override
    public List<StoredFile> inputs() {
        return store.find(pattern);
    }

    /**
     * A tar, in itself or in another.
     *
     * @param prefix of the paths of its members: empty, or the folder that it stands for
     */
    private record Tar(StoredFile file, String prefix, String shown, long from, long end) {}

    /** The members of a tar. */
    private record Read(Tar tar, TarMembers members) {}

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress progress) {
        ExecutorService threads = NamedThreads.numbered("index", store.threads());
        try {
            List<Tar> outer = inputs.stream()
                    .map(file -> new Tar(file, "", file.path(), 0, file.size()))
                    .toList();
            List<Read> all = new ArrayList<>(scanned(outer, threads, progress));
            List<Tar> inner = new ArrayList<>();
            for (Read read : all) {
                read.members().tars().forEach(member -> inner.add(inner(read.tar(), member)));
            }
            List<Read> within = scanned(inner, threads, progress);
            requireNoDeeper(within);
            if (within.isEmpty()) {
                all = new ArrayList<>(byName(all, into));
            }
            all.addAll(within);
            boolean texts = areClasses(all);
            boolean captions =
                    !texts && all.stream().anyMatch(read -> read.members().hasTexts());
            while (!all.isEmpty()) {
                // What has been taken of a tar is not needed beside it.
                add(all.remove(0), texts, into);
            }
            if (captions) {
                into.note("the .txt members are taken as captions, not as classes: most differ");
            }
        } finally {
            threads.shutdownNow();
        }
        leftOut.notes().forEach(into::note);
        odd.note(into);
    }

    /** Each tar as the folder of its name, if tars are classes. */
    private static List<Read> byName(List<Read> all, SampleEntries into) {
        List<String> tars = all.stream().map(read -> read.tar().file().path()).toList();
        boolean otherwise = all.stream().anyMatch(read -> read.members().isLabelled());
        Optional<String> above = TarClasses.above(tars, otherwise);
        if (above.isEmpty()) {
            return all;
        }
        into.note(
                "each of %d tars is the class of its name, as their pictures lie in no folder".formatted(tars.size()));
        List<Read> named = new ArrayList<>();
        for (Read read : all) {
            Tar tar = read.tar();
            String folder = TarClasses.folder(tar.file().path(), above.get()) + "/";
            named.add(new Read(new Tar(tar.file(), folder, tar.shown(), tar.from(), tar.end()), read.members()));
        }
        return named;
    }

    private static Tar inner(Tar outer, TarMembers.Member member) {
        String folder = member.path().substring(0, member.path().length() - TAR.length());
        return new Tar(
                outer.file(),
                folder + "/",
                outer.shown() + ": " + member.path(),
                member.offset(),
                member.offset() + member.length());
    }

    private List<Read> scanned(List<Tar> some, ExecutorService threads, ImageDataset.IndexProgress progress) {
        List<Future<Read>> futures = some.stream()
                .map(tar -> threads.submit(() -> {
                    Read read = scan(tar);
                    progress.listed(
                            tars.incrementAndGet(),
                            images.addAndGet(read.members().images()));
                    return read;
                }))
                .toList();
        return futures.stream().map(TarLister::result).toList();
    }

    private Read scan(Tar tar) {
        TarMembers members = new TarMembers(tar.shown(), field, leftOut, odd);
        try (FileStore.Reader reader = store.open(tar.file())) {
            new TarScan(reader, store.cheapBytes(), tar.shown(), tar.from(), tar.end()).walk(members);
        } catch (IOException e) {
            throw new UserError("%s can't be read: %s".formatted(tar.shown(), e.getMessage()), e);
        }
        return new Read(tar, members);
    }

    private static void requireNoDeeper(List<Read> within) {
        for (Read read : within) {
            if (!read.members().tars().isEmpty()) {
                throw new UserError("%s holds tars that lie in a tar in a tar; unpack the outermost"
                        .formatted(read.tar().shown()));
            }
        }
    }

    /** Whether texts beside images are classes: fewer than half as many as images; else they are captions. */
    private static boolean areClasses(List<Read> all) {
        TextNumbers different = new TextNumbers();
        long images = 0;
        for (Read read : all) {
            TarMembers members = read.members();
            for (int image = 0; members.hasTexts() && image < members.images(); image++) {
                String text = members.text(members.path(image));
                if (text != null) {
                    images++;
                    different.of(text);
                }
            }
        }
        return images > 0 && different.size() <= images / 2;
    }

    private void add(Read read, boolean texts, SampleEntries into) {
        TarMembers members = read.members();
        for (int image = 0; image < members.images(); image++) {
            String path = members.path(image);
            String label = members.label(path);
            if (label == null && texts) {
                label = members.text(path);
            }
            into.add(new SampleEntries.Entry(
                    label,
                    read.tar().prefix() + path,
                    read.tar().file(),
                    members.offset(image),
                    members.length(image)));
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UserError error) {
                throw error;
            }
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("The listing of tars was interrupted; start again", e);
        }
    }
}
