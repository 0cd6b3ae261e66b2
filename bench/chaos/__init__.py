"""What happens to drawings and answers when parts of an installation fall, freeze, fill up and come back: `make chaos`."""
