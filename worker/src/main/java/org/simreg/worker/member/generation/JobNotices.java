package org.simreg.worker.member.generation;

import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.Report;
import org.simreg.proto.Suspected;
import org.simreg.proto.Told;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.InterruptibleCall;
import org.simreg.worker.base.concurrent.StorageWatch;
import org.simreg.worker.base.io.DecodeMarks;
import org.simreg.worker.base.io.Notices;

/** The notices of one job on a worker, which become reports to the coordinator and marks on this machine's disk. */
final class JobNotices implements Notices {
    private final String job;
    private final Optional<DecodeMarks> marks;
    private final WorkerContext.ReportSink reports;
    private final StorageWatch storage;

    /** Images at which processes have ended; they are cleared once they are decoded. */
    private final Set<String> suspects = ConcurrentHashMap.newKeySet();

    private final InterruptibleCall loading = new InterruptibleCall();
    private volatile boolean abandoned;

    /**
     * @param storage takes what is read
     */
    JobNotices(String job, Optional<DecodeMarks> marks, WorkerContext.ReportSink reports, StorageWatch storage) {
        this.job = job;
        this.marks = marks;
        this.reports = reports;
        this.storage = storage;
    }

    /** The job isn't wanted any more; what waits for its files is interrupted. */
    void abandon() {
        abandoned = true;
        loading.interrupt();
    }

    void suspect(Collection<String> images) {
        suspects.addAll(images);
    }

    @Override
    public void accept(String text) {
        tell(Told.newBuilder().setText(text));
    }

    @Override
    public void broken(BrokenImage image, String sentence) {
        tell(Told.newBuilder().setText(sentence).setBroken(image));
    }

    @Override
    public boolean wanted() {
        return !abandoned;
    }

    @Override
    public <T> T waiting(Supplier<T> work) {
        return loading.run(() -> {
            if (abandoned) {
                throw new Abandoned("the job was given up while it was loaded");
            }
            return work.get();
        });
    }

    @Override
    public Mark reading(String what) {
        return storage.reading(what)::close;
    }

    @Override
    public Mark decoding(String location) {
        return marks.map(all -> all.mark(job, location))
                .map(mark -> (Mark) () -> decoded(location, mark))
                .orElse(Mark.NONE);
    }

    private void decoded(String location, Mark mark) {
        mark.close();
        if (suspects.remove(location)) {
            reports.send(Report.newBuilder()
                    .setSuspected(Suspected.newBuilder()
                            .setJob(job)
                            .setImage(location)
                            .setCleared(true)));
        }
    }

    private void tell(Told.Builder told) {
        reports.send(Report.newBuilder().setTold(told.setJob(job)));
    }
}
