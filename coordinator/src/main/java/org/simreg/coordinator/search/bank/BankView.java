package org.simreg.coordinator.search.bank;

import java.util.Optional;
import java.util.OptionalLong;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ImageSource;
import org.simreg.proto.UserError;

/**
 * A snapshot of one bank, safe for all threads.
 *
 * @param record as it was then
 * @param names of its rows, if they have some
 */
public record BankView(BankRecord record, Optional<Naming> names) {
    /** The names of a bank's rows. */
    public interface Naming {
        /**
         * @throws UserError if it can't be read
         */
        String of(long id);

        /**
         * The first row of that name.
         *
         * @throws UserError if it can't be read
         */
        OptionalLong find(String name);
    }

    /** Whether it answers queries. */
    public boolean ready() {
        return record.getState() == BankStatus.State.READY;
    }

    /** All ids are below this; those of images that are left out are among them. */
    public long ids() {
        return record.getPartsList().stream()
                .mapToLong(part -> part.getFirstId() + part.getRows() + part.getLeftOut())
                .max()
                .orElse(record.getRows());
    }

    /** Features a row. */
    public int dimension() {
        return record.getDimension();
    }

    /** The images that its features were made of; empty if the features were given. */
    public Optional<ImageSource> images() {
        return record.getSource().hasImages() ? Optional.of(record.getSource().getImages()) : Optional.empty();
    }

    /** The name of a class; empty for a row without one. */
    public String label(int label) {
        return label >= 0 && label < record.getClassesCount() ? record.getClasses(label) : "";
    }
}
