"""The township's enrolment desk: codes, certificates, the broker's files, and throwing out."""
